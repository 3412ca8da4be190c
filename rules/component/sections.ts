// A component under construction: items go to sections, neighbours of one kind to one section, and each gets its index. Knows
// the layout of items, not what they are for.

import { ByteWriter } from "../wasm/write.ts";
import { COMPONENT_PREAMBLE } from "./composer.ts";

const ID = { custom: 0, coreModule: 1, coreInstance: 2, component: 4, instance: 5, alias: 6, type: 7, canon: 8, import: 10, export: 11 } as const;
const FUNC = 1;
const INSTANCE = 5;
/** Sorts as they stand in aliases and in names, core ones behind a zero. */
export const SORT = { coreFunc: [0, 0], coreMemory: [0, 2], coreModule: [0, 0x11], coreInstance: [0, 0x12], func: [FUNC], component: [4], instance: [INSTANCE] } as const;
export type Space = keyof typeof SORT;

export type CanonOption = readonly [code: 0] | readonly [code: 3 | 4 | 5, index: number];

export class SectionWriter {
  readonly #out = new ByteWriter(1024).raw(COMPONENT_PREAMBLE);
  readonly #open = new ByteWriter(256);
  #id: number = ID.custom;
  #items = 0;
  readonly #counts = new Map<Space | "type", number>();

  #next(space: Space | "type"): number {
    const index = this.#counts.get(space) ?? 0;
    this.#counts.set(space, index + 1);
    return index;
  }

  #item(id: number): ByteWriter {
    if (id !== this.#id) this.#close();
    this.#id = id;
    this.#items++;
    return this.#open;
  }

  #close(): void {
    if (this.#items > 0) this.#out.section(this.#id, new ByteWriter(this.#open.length + 5).u32(this.#items).raw(this.#open.view()));
    this.#items = 0;
    this.#open.clear();
  }

  coreModule(bytes: Uint8Array): number {
    this.#close();
    this.#out.u8(ID.coreModule).sized(bytes);
    return this.#next("coreModule");
  }

  /** An instance that is given nothing. */
  coreInstance(module: number): number {
    this.#item(ID.coreInstance).u8(0).u32(module).u32(0);
    return this.#next("coreInstance");
  }

  coreAlias(space: "coreFunc" | "coreMemory", instance: number, name: string): number {
    this.#item(ID.alias).raw(SORT[space]).u8(1).u32(instance).name(name);
    return this.#next(space);
  }

  type(bytes: Uint8Array): number {
    this.#item(ID.type).raw(bytes);
    return this.#next("type");
  }

  lift(coreFunc: number, options: readonly CanonOption[], type: number): number {
    const w = this.#item(ID.canon).raw([0, 0]).u32(coreFunc).u32(options.length);
    for (const [code, index] of options) index === undefined ? w.u8(code) : w.u8(code).u32(index);
    w.u32(type);
    return this.#next("func");
  }

  component(bytes: Uint8Array): number {
    this.#close();
    this.#out.u8(ID.component).sized(bytes);
    return this.#next("component");
  }

  /** An instance that is given functions. */
  instance(component: number, given: readonly (readonly [name: string, func: number])[]): number {
    const w = this.#item(ID.instance).u8(0).u32(component).u32(given.length);
    for (const [name, func] of given) w.name(name).u8(FUNC).u32(func);
    return this.#next("instance");
  }

  importFunc(name: string, type: number): number {
    this.#item(ID.import).u8(0).name(name).u8(FUNC).u32(type);
    return this.#next("func");
  }

  /** `type`: what the function is said to be, where that is said again. */
  exportFunc(name: string, func: number, type?: number): number {
    const w = this.#item(ID.export).u8(0).name(name).u8(FUNC).u32(func);
    if (type === undefined) w.u8(0);
    else w.raw([1, FUNC]).u32(type);
    return this.#next("func");
  }

  exportInstance(name: string, instance: number): number {
    this.#item(ID.export).u8(0).name(name).u8(INSTANCE).u32(instance).u8(0);
    return this.#next("instance");
  }

  custom(content: ByteWriter): void {
    this.#close();
    this.#out.section(ID.custom, content);
  }

  bytes(): Uint8Array {
    this.#close();
    return this.#out.bytes();
  }
}
