/** What packs take of a device's memory, and how they share it, in messages between the processes. */

/** How packs share the memory of a device; absent fields leave every pack in memory from the start on. */
export interface ResidencySettings {
  /** MiB that loaded packs may take; absent: as much as there is. */
  readonly budgetMib?: number;
  /** Whether the operator named the budget: a pack that is larger is then refused, else it is tried alone. */
  readonly isBudgetStrict?: boolean;
  /** Seconds a pack stays after its last use: 0 not at all, -1 or absent for ever. */
  readonly keepAliveS?: number;
  /** Packs that are loaded at the start and stay. */
  readonly pinned?: readonly string[];
  /** Packs to load at the start; `all` or absent: those that fit, in the order given. */
  readonly preload?: 'all' | readonly string[];
  /** Groups of packs of which one at most may be in memory. */
  readonly exclusive?: readonly (readonly string[])[];
  /** Whether it takes over from a process that has given its packs back: then nothing is loaded at the start. */
  readonly isSuccessor?: boolean;
  /** MiB that packs were measured to take on this device before. */
  readonly measuredMib?: Readonly<Record<string, number>>;
}

/** A pack in the memory of an engine process. */
export interface ResidentPack {
  readonly packId: string;
  /** Lanes that hold it. */
  readonly copies: number;
  readonly isPinned: boolean;
  /** As in the settings, or as the operator asked when loading it. */
  readonly keepAliveS: number;
  readonly uses: number;
  /** Milliseconds UTC. */
  readonly loadedAt: number;
  readonly lastUsedAt: number;
  /** When it goes unless it is used; null: it stays. */
  readonly expiresAt: number | null;
}

/** What an engine process has in memory. */
export interface Residency {
  readonly packs: readonly ResidentPack[];
  /** MiB of one copy of each pack that was measured here. */
  readonly measuredMib: Readonly<Record<string, number>>;
  /** MiB of all copies, measured where that was done, else as the manifests say. */
  readonly usedMib: number;
  readonly budgetMib: number | null;
  /** Resident memory of the process before its first pack, and now, MiB. */
  readonly baseRssMib: number;
  readonly rssMib: number;
}

/** How a pack is to be loaded by hand. */
export interface LoadOptions {
  readonly keepAliveS?: number | undefined;
  readonly isPinned?: boolean | undefined;
}
