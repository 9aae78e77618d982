// Owns: addresses of documents: `file:` URIs of the client against file names of the compiler, and library files, which
// lie in the installed package.

import { isLibrary } from "../../compiler/resolve/module.js";
import type { FileId } from "../../compiler/source/span.js";
import { libraryPrefix } from "../../stdlib/index.js";

export class Uris {
  /** As the client writes them: encodings differ between clients. */
  readonly #known = new Map<FileId, string>();

  /** `library` is the folder of the library's files, with `/` between its parts. */
  constructor(readonly library: string) {}

  /** The file a URI means; a document that is no file keeps its URI as name. */
  id(uri: string): FileId {
    const id = this.#idOf(uri);
    this.#known.set(id, uri);
    return id;
  }

  #idOf(uri: string): FileId {
    const path = pathOf(uri);
    if (path === undefined) return uri;
    return path.startsWith(`${this.library}/`)
      ? `${libraryPrefix}${path.slice(this.library.length + 1)}`
      : path;
  }

  uri(id: FileId): string {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    return fileUri(isLibrary(id) ? `${this.library}/${id.slice(libraryPrefix.length)}` : id);
  }
}

/** The path of a `file:` URI, `c:/x` on Windows. */
export function pathOf(uri: string): string | undefined {
  if (!uri.startsWith("file://")) return undefined;
  try {
    const path = decodeURIComponent(new URL(uri).pathname);
    return /^\/[A-Za-z]:/.test(path) ? `${path[1]?.toLowerCase()}${path.slice(2)}` : path;
  } catch {
    return undefined;
  }
}

export function fileUri(path: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return path;
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return `file://${encoded.startsWith("/") ? "" : "/"}${encoded}`;
}
