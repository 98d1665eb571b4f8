/** What a figure was measured on. */
import { cpus } from 'node:os';

/** Cores, processor and Node of this machine. */
export const MACHINE = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
