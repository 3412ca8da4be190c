// What capabilities open to one guest for one request, and what it made of them. Without an ops profile: the machine's clock and chance,
// no variables, nobody to speak to.

import type { Grants } from "../../ops/grants.ts";
import type { Denial } from "../../ops/network.ts";
import type { Tank } from "../component/tank.ts";
import type { Told } from "../host.ts";
import { Errands } from "./errand.ts";
import type { Courier } from "./errand.ts";
import { Folders } from "./folders.ts";
import { GrantedSenses, OpenSenses, Player, recorded, tapeOf } from "./senses.ts";
import type { Recorder, Senses } from "./senses.ts";

/** More refusals of one request are not told. */
const MAX_DENIALS = 16;

export class Outside {
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly senses: Senses;
  readonly #tape: Recorder | Player | null;
  readonly #denials: Denial[] = [];
  readonly #granted: boolean;
  readonly errands: Errands;
  readonly folders: Folders | null;

  /** `courier`: for guests that have capabilities. `bell`: what wakes the guest where it waits. */
  constructor(grants: Grants | null, tank: Tank, courier: Courier | null, bell: Int32Array) {
    this.#granted = grants !== null;
    this.env = grants?.env ?? [];
    this.#tape = grants === null ? null : tapeOf(grants, tank);
    this.senses = grants === null ? new OpenSenses() : new GrantedSenses(grants, this.#tape);
    this.folders = grants === null || grants.folders.length === 0 ? null : new Folders(grants.folders, tank);
    this.errands = new Errands(courier, tank, bell, (denial) => this.#deny(denial));
  }

  #deny(denial: Denial): void {
    if (this.#denials.length < MAX_DENIALS) this.#denials.push(denial);
  }

  /** The guest is gone. */
  close(): void {
    this.errands.close();
    this.folders?.close();
  }

  /** undefined: there is nothing to tell. */
  told(): Told | undefined {
    if (!this.#granted) return undefined;
    return { denials: this.#denials, evidence: recorded(this.#tape), missing: this.#tape instanceof Player ? this.#tape.errors : [], usedNetwork: this.errands.used, files: this.folders?.files ?? [] };
  }
}
