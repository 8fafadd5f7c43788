/**
 * Loaded once into the worker's shared sandbox, before any workflow. The SDK evaluates a bundle's modules anew for every
 * workflow; without this each run would compile the core and build the tables of the signature scheme again, on cold
 * code, at its first decision (18 ms against 4). Nothing here keeps state of a run.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
// oxlint-disable import/no-unassigned-import -- loading them is the point
import '../domain/core/attestation.ts';
import '../domain/core/decide.ts';
import '../domain/core/next.ts';

// Builds the tables. A plain import would be dropped by the bundler, since the package declares no side effects.
ed25519.Point.BASE.multiplyUnsafe(3n);

// The SDK takes a stack trace for every promise of a workflow, which is a tenth of what a run costs. The innermost frames
// say where something went wrong.
Error.stackTraceLimit = 3;
