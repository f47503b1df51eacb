/**
 * NVIDIA GPUs through the driver API: devices, memory, streams, graphs and kernels.
 *
 * <p>Everything that holds something of the device is {@link java.lang.AutoCloseable}, has a name
 * and is counted: {@link dev.longspan.kernels.backend.cuda.device.Device#close} reports what is
 * still open. Every error of the driver becomes a {@link
 * dev.longspan.kernels.backend.cuda.device.DeviceException} that names the call, what it was about
 * and what to do.
 *
 * <pre>{@code
 * try (Device device = Device.open("0");
 *     Stream stream = device.stream("engine");
 *     DeviceBuffer x = device.allocate("x", 4L * rows * cols)) {
 *   Kernel norm = device.kernel("embed_norm", "rms_norm");
 *   norm.grid(rows).block(256).arg(x).arg(cols).arg(1e-5f).launch(stream);
 *   stream.synchronize();
 * }
 * }</pre>
 */
package dev.longspan.kernels.backend.cuda.device;
