// Which paths lead to a file system that may never answer, by tables of mounts as Linux writes them.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { isFar } from '../../../src/clients/host/mounts.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'imds-probe-mounts-')));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'near'));
symlinkSync(join(folder, 'efs/home'), join(folder, 'near/absolute'));
symlinkSync('../efs/home', join(folder, 'near/relative'));
symlinkSync('absolute/.aws', join(folder, 'near/twice'));
symlinkSync('loop', join(folder, 'near/loop'));

let tables = 0;
function table(...lines: readonly string[]): string {
  tables += 1;
  const file = join(folder, `table-${tables}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

const common = [
  '/dev/nvme0n1p1 / ext4 rw 0 0',
  'proc /proc proc rw 0 0',
  'systemd-1 /proc/sys/fs/binfmt_misc autofs rw 0 0',
  'fusectl /sys/fs/fuse/connections fusectl rw 0 0',
  'overlay /var/lib/nfs overlay rw 0 0',
];
const efs = (type: string): string => `fs-1.efs:/ ${folder}/efs ${type} rw,hard 0 0`;

it.each(['nfs', 'nfs4', 'cifs', 'smb3', 'fuse', 'fuse.sshfs', 'fuse.mount-s3', 'ceph', '9p', 'autofs'])(
  '%s is far, by every way that leads there',
  (type) => {
    const mounts = table(...common, efs(type));
    for (const far of ['efs', 'efs/home/.aws/config', 'near/absolute', 'near/relative/x', 'near/twice/y'])
      expect([far, isFar(join(folder, far), mounts)]).toEqual([far, true]);
    for (const near of ['', 'near', 'efs-other/x', 'near/loop/x', 'nowhere/at/all'])
      expect([near, isFar(join(folder, near), mounts)]).toEqual([near, false]);
  },
);

it.each(['ext4', 'xfs', 'tmpfs', 'overlay', 'fuseblk', 'fusectl', 'nfsd'])('%s is near', (type) => {
  expect(isFar(join(folder, 'efs/home'), table(...common, efs(type)))).toBe(false);
});

it('a root over the network does not count: this program came from there', () => {
  expect(isFar('/home', table('server:/ / nfs4 rw 0 0'))).toBe(false);
});

it('a mount point with a blank is one', () => {
  const mounts = table(...common, `server:/ ${folder}/my\\040home nfs rw 0 0`);
  expect(isFar(join(folder, 'my home/x'), mounts)).toBe(true);
});

it('goes without a table', () => {
  expect(isFar('/home', join(folder, 'missing'))).toBe(false);
});
