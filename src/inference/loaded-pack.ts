/** A pack whose graphs are in memory. */
import type { EnginePack } from '../engine/protocol.ts';
import { type ProviderChoice, Session } from './session.ts';

/** Sessions by role. */
export interface LoadedPack {
  readonly pack: EnginePack;
  /** @throws Error when the pack has no file of that role. */
  session(role: string): Session;
}

/** Load every graph of a pack. */
export async function loadPack(pack: EnginePack, choice: ProviderChoice): Promise<LoadedPack> {
  const sessions = new Map<string, Session>();
  for (const [role, path] of Object.entries(pack.files)) {
    sessions.set(role, await Session.load(path, choice));
  }
  return {
    pack,
    session: (role) => {
      const session = sessions.get(role);
      if (session === undefined) throw new Error(`Pack ${pack.id} has no file for ${role}.`);
      return session;
    },
  };
}
