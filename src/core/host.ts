// What the machine tells about itself.

export interface HostState {
  /** Seconds since boot, or null where the system does not say. */
  readonly uptimeSeconds: number | null;
  /** What kind of container this runs in (`docker`, `podman`, `kubernetes`, `containerd`, …), or null. */
  readonly container: string | null;
  /** Whether the firmware says that this is an EC2 instance; null where it cannot be seen. */
  readonly ec2: boolean | null;
  /** The instance id by the firmware (Nitro: DMI board asset tag) or cloud-init, for when IMDS does not answer. */
  readonly instanceId: string | null;
}

/** A file as it could be read: bounded, regular, UTF-8. `detail` is one sentence without the file's content. */
export type FileRead =
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'absent' }
  | {
      readonly state: 'unreadable' | 'too-large' | 'not-regular' | 'binary';
      readonly detail: string;
    };
