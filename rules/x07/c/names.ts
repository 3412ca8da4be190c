// Names of the program -> C identifiers, each its own. Knows no C beyond what an identifier is.

/** Identifiers for functions: `main.helper` is `main__helper`. What the printer itself names never has a double underscore inside. */
export class FunctionNames {
  private readonly given = new Map<string, string>([["solve", "solve"], ["x07_solve_v2", "run_once"]]);
  private readonly taken = new Set<string>();

  /** The same name gives the same identifier; the order of first uses decides who gets a number. */
  of(name: string): string {
    const known = this.given.get(name);
    if (known !== undefined) return known;
    const plain = identifier(name);
    let chosen = plain;
    for (let i = 2; this.taken.has(chosen); i++) chosen = `${plain}__${i}`;
    this.given.set(name, chosen);
    this.taken.add(chosen);
    return chosen;
  }
}

function identifier(name: string): string {
  const text = name
    .replaceAll(".", "__")
    .replace(/[^A-Za-z0-9_]+/g, "_")
    .replace(/_$/, "");
  // Leading underscores and digits belong to the implementation, and a word without `__` may be a keyword of C or of the printer.
  return /^[A-Za-z].*__/.test(text) ? text : `x__${text}`;
}

/** Bytes as the inside of a C string literal; nothing in it means anything to the preprocessor. */
export function quoted(bytes: Uint8Array): string {
  let out = "";
  for (const b of bytes) {
    if (b === 0x22 || b === 0x5c || b === 0x3f) out += `\\${String.fromCharCode(b)}`;
    else if (b >= 0x20 && b < 0x7f) out += String.fromCharCode(b);
    else out += `\\${b.toString(8).padStart(3, "0")}`;
  }
  return out;
}
