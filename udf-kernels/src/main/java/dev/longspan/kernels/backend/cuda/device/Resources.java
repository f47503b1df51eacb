package dev.longspan.kernels.backend.cuda.device;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What of a device is open; thread safe. */
final class Resources {
  private final Set<DeviceResource> open = new LinkedHashSet<>();

  synchronized void add(DeviceResource resource) {
    open.add(resource);
  }

  synchronized void remove(DeviceResource resource) {
    open.remove(resource);
  }

  /** Returns what is open, in the order it was made. */
  synchronized List<DeviceResource> open() {
    return new ArrayList<>(open);
  }

  /** Returns one line for each open resource, and their sum; empty if there is none. */
  String report() {
    List<DeviceResource> all = open();
    if (all.isEmpty()) {
      return "";
    }
    long bytes = all.stream().mapToLong(DeviceResource::size).sum();
    return all.stream()
        .map(resource -> "\n  " + resource.origin())
        .collect(Collectors.joining("", all.size() + " open, " + Sizes.text(bytes) + ":", ""));
  }
}
