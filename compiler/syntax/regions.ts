// Owns: which statement a token belongs to, and how deep it stands. One message per statement is enough, and a message
// of the parser from outside the block in which a token stands is only an echo of an earlier one.

import type { IToken } from "chevrotain";
import { LBrace, NL, RBrace, Semi, Use, words } from "../../grammar/tokens.js";

export interface Region {
  readonly id: number;
  /** Blocks around the statement; tableaus and `use` lists are none. */
  readonly depth: number;
  readonly tableau: boolean;
  readonly firstToken: number;
}

export class Regions {
  readonly #of: Region[] = [];
  readonly #tokens: readonly IToken[];

  /** `tokens` are arranged: line ends that do not count are gone. */
  constructor(tokens: readonly IToken[]) {
    this.#tokens = tokens;
    const frames: ("block" | "tableau" | "names")[] = [];
    let region: Region = { id: 0, depth: 0, tableau: false, firstToken: 0 };
    const next = (firstToken: number): Region => ({
      id: region.id + 1,
      depth: frames.filter((frame) => frame === "block").length,
      tableau: frames[frames.length - 1] === "tableau",
      firstToken,
    });
    tokens.forEach((token, i) => {
      const type = token.tokenType;
      if (type === RBrace) {
        const closed = frames.pop();
        if (closed !== "names") region = next(i);
      }
      this.#of.push(region);
      if (type === LBrace) {
        const head = tokens[region.firstToken]?.tokenType;
        frames.push(head === Use ? "names" : head === words.tableau ? "tableau" : "block");
        if (head !== Use) region = next(i + 1);
      } else if (type === NL || type === Semi) region = next(i + 1);
    });
    this.#of.push(region);
  }

  /** The region of the token with this index; the last one for the end of the file. */
  ofToken(index: number): Region {
    return this.#of[Math.min(index, this.#of.length - 1)] as Region;
  }

  /** The region of the first token at or after an offset. */
  at(offset: number): Region {
    let [low, high] = [0, this.#tokens.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#tokens[middle] as IToken).startOffset < offset) low = middle + 1;
      else high = middle;
    }
    return this.ofToken(low);
  }
}
