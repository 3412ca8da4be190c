// Types of project.mjs for the TypeScript that uses it.
export function moduleDocument(i: number, functions: number): object;
export function writeProject(folder: string, modules: number, functions?: number): void;
