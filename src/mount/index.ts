export { mount } from './mount.ts';
export * from './mount-handle.ts';
