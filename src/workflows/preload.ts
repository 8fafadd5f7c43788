/**
 * Loaded once into the worker's shared sandbox, before any workflow. The SDK evaluates a bundle's modules anew for every
 * workflow; without this each run would compile the core again, and run it cold at its first decision. Nothing here keeps state of a run.
 */
// oxlint-disable import/no-unassigned-import -- loading them is the point
import '../domain/core/attestation.ts';
import '../domain/core/decide.ts';
import '../domain/core/next.ts';
import './verify-signature.ts';

// The SDK takes a stack trace for every promise of a workflow, which is a tenth of what a run costs. The innermost frames
// say where something went wrong.
Error.stackTraceLimit = 3;
