package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDeviceGetPCIBusId;
import static jcuda.driver.JCudaDriver.cuDeviceGetUuid;
import static jcuda.driver.JCudaDriver.cuDeviceTotalMem;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Collectors;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUuuid;

/**
 * What a GPU is.
 *
 * @param ordinal its number, which CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER influence
 * @param uuid GPU-...
 * @param pciBusId such as 0000:1b:00.0
 * @param computeCapability 10 times major plus minor: 90 for Hopper
 * @param multiprocessors number of SMs
 * @param totalMemory bytes
 * @param maxSharedBytes the largest dynamic shared memory of a block, in bytes
 * @param driver the CUDA version the driver supports, such as 13.0
 */
public record DeviceInfo(
    int ordinal,
    String name,
    String uuid,
    String pciBusId,
    int computeCapability,
    int multiprocessors,
    long totalMemory,
    int maxSharedBytes,
    String driver) {

  /** Returns ordinal, name and UUID in one line. */
  public String description() {
    return "GPU " + ordinal + " (" + name + ", " + uuid + ")";
  }

  /** Returns the GPUs of this machine, by ordinal. */
  static List<DeviceInfo> all() {
    Driver.require();
    int[] count = new int[1];
    Driver.check(cuDeviceGetCount(count), "cuDeviceGetCount");
    List<DeviceInfo> devices = new ArrayList<>();
    for (int i = 0; i < count[0]; i++) {
      devices.add(read(i));
    }
    return devices;
  }

  /** Returns the GPU that an ordinal, a UUID or a PCI bus id names. */
  static DeviceInfo select(String selector) {
    return find(selector.strip(), all());
  }

  static DeviceInfo find(String selector, List<DeviceInfo> devices) {
    return devices.stream()
        .filter(device -> device.answersTo(selector))
        .findFirst()
        .orElseThrow(
            () ->
                DeviceException.unusable(
                    String.format(
                        "there is no GPU '%s'; use the ordinal, UUID or PCI bus id of one of: %s"
                            + " (CUDA_VISIBLE_DEVICES is %s)",
                        selector,
                        devices.stream()
                            .map(device -> device.description() + " at " + device.pciBusId)
                            .collect(Collectors.joining(", ")),
                        System.getenv().getOrDefault("CUDA_VISIBLE_DEVICES", "not set")),
                    null));
  }

  private boolean answersTo(String selector) {
    return selector.equals(Integer.toString(ordinal))
        || selector.equalsIgnoreCase(uuid)
        || selector.toLowerCase(Locale.ROOT).endsWith(pciBusId);
  }

  CUdevice handle() {
    CUdevice device = new CUdevice();
    Driver.check(cuDeviceGet(device, ordinal), "cuDeviceGet of " + description());
    return device;
  }

  private static DeviceInfo read(int ordinal) {
    CUdevice device = new CUdevice();
    Driver.check(cuDeviceGet(device, ordinal), "cuDeviceGet of GPU " + ordinal);
    byte[] name = new byte[256];
    Driver.check(cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
    CUuuid uuid = new CUuuid();
    Driver.check(cuDeviceGetUuid(uuid, device), "cuDeviceGetUuid");
    String[] bus = new String[1];
    Driver.check(cuDeviceGetPCIBusId(bus, 32, device), "cuDeviceGetPCIBusId");
    long[] memory = new long[1];
    Driver.check(cuDeviceTotalMem(memory, device), "cuDeviceTotalMem");
    int[] driver = new int[1];
    Driver.check(cuDriverGetVersion(driver), "cuDriverGetVersion");
    return new DeviceInfo(
        ordinal,
        text(name),
        "GPU-" + uuid(uuid.bytes),
        bus[0].strip().toLowerCase(Locale.ROOT),
        10 * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
            + attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
        memory[0],
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
        driver[0] / 1000 + "." + driver[0] % 1000 / 10);
  }

  private static int attribute(CUdevice device, int attribute) {
    int[] value = new int[1];
    Driver.check(cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
    return value[0];
  }

  private static String text(byte[] zeroTerminated) {
    String text = new String(zeroTerminated, StandardCharsets.UTF_8);
    int end = text.indexOf('\0');
    return end < 0 ? text : text.substring(0, end);
  }

  private static String uuid(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return new UUID(buffer.getLong(), buffer.getLong()).toString();
  }
}
