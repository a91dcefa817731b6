export { isSupportedVersion as isSupportedRqbit } from '../engine/rqbit/version.ts';
