/** The contract and its data, for those who use an engine without knowing which. */
export * from './engine.ts';
export * from './errors.ts';
export type { EngineFigures, EngineRequestFigures, EngineThread } from './figures.ts';
export { type FileState, stateFrom, stateNow, stateOf } from './file-state.ts';
export { PieceSpan } from './piece-span.ts';
export * from './pieces.ts';
export * from './source.ts';
export * from './torrent.ts';
