export const init = async (_f: unknown, _o: unknown, _io: unknown): Promise<number> => 0;
