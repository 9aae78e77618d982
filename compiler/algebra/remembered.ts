// Owns: functions that compute each of their values once.

/** The same function; the first argument decides, and the rest must follow from it. */
export function remembered<K, Rest extends readonly unknown[], T>(
  make: (key: K, ...rest: Rest) => T,
): (key: K, ...rest: Rest) => T {
  const values = new Map<K, { readonly value: T }>();
  return (key, ...rest) => {
    let known = values.get(key);
    if (!known) values.set(key, (known = { value: make(key, ...rest) }));
    return known.value;
  };
}
