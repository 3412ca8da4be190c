/** The x07AST document of one source text (s-expressions); throws an Error that says what cannot be read. */
export function compileText(source: string): object;
/** JSON with sorted keys, no spaces and one newline at the end. */
export function canonical(value: unknown): string;
