// What the machine tells about itself.

export interface HostState {
  /** Seconds since boot, or null where the system does not say. */
  readonly uptimeSeconds: number | null;
  /** What kind of container this runs in (`docker`, `podman`, `kubernetes`, `containerd`, …), or null. */
  readonly container: string | null;
}
