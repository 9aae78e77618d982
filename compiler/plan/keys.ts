// Owns: the 32-bit key of a draw's path. The compiler writes it into the plan, the runtime counts with it.
// Knows nothing of plans, seeds or generators.

/**
 * FNV-1a (32 bit) over the UTF-8 bytes of `path`, followed by murmur3's final avalanche so that similar paths give
 * unrelated keys. Returns an unsigned 32-bit integer. Part of the noise specification: it never changes.
 */
export function hashPath(path: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(path)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
}
