import { describe, expect, it } from 'vitest';
import { mountHelper, systemUnit } from '../../../src/cli/service/units.ts';

describe('the files of install-service', () => {
  it('hold paths with spaces and quotes as they are', () => {
    const program = { node: '/opt/my node/bin/node', nodeOptions: ['--small'], script: "/opt/it's 100%/main.js" };
    expect(systemUnit(program)).toContain(
      `ExecStart="/opt/my node/bin/node" --small "/opt/it's 100%%/main.js" mount %f\n`,
    );
    expect(mountHelper(program)).toContain(
      `exec '/opt/my node/bin/node' '--small' '/opt/it'\\''s 100%/main.js' mount-helper "$@"\n`,
    );
  });
});
