package dev.longspan.kernels.backend.cuda.device;

/** Something that a device holds until it is closed, by the driver's hand. */
abstract class DeviceResource implements AutoCloseable {
  final Device device;
  private final String kind;
  private final String name;
  private final long bytes;
  private final String site;
  private boolean open = true;

  /**
   * Counts a resource that was just made.
   *
   * @param kind what it is, for messages
   * @param bytes the memory it takes, 0 if that does not matter
   */
  DeviceResource(Device device, String kind, String name, long bytes) {
    this.device = device;
    this.kind = kind;
    this.name = name;
    this.bytes = bytes;
    this.site = callSite();
    device.resources().add(this);
  }

  /** Gives it back to the driver. */
  abstract void free();

  /** Returns the name that messages use. */
  public final String name() {
    return name;
  }

  /** Returns the memory it takes. */
  final long size() {
    return bytes;
  }

  /** Returns kind, name and size. */
  final String label() {
    return kind + " '" + name + "'" + (bytes == 0 ? "" : " of " + Sizes.text(bytes));
  }

  /** Returns the label and where it was made. */
  final String origin() {
    return label() + ", made at " + site;
  }

  /** Fails if it was closed, and makes the device current for the calling thread. */
  final void use() {
    if (!open) {
      throw new IllegalStateException(label() + " was used after it was closed");
    }
    device.use();
  }

  /** Gives it back; closing twice does nothing. */
  @Override
  public final void close() {
    if (open) {
      open = false;
      device.resources().remove(this);
      device.use();
      free();
    }
  }

  private static String callSite() {
    String own = DeviceResource.class.getPackageName() + ".";
    return StackWalker.getInstance()
        .walk(
            frames ->
                frames
                    .dropWhile(frame -> isOwn(frame.getClassName(), own))
                    .findFirst()
                    .map(Object::toString)
                    .orElse("an unknown place"));
  }

  /** Tests lie in this package too, and are what made the resource. */
  private static boolean isOwn(String className, String own) {
    return className.startsWith(own) && !className.endsWith("Test");
  }
}
