package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.host.HostBackend;
import dev.longspan.kernels.model.Step;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;

/** Lets a test see each step of a backend between the first layer and the second, and fail it. */
final class WatchedBackend {
  private WatchedBackend() {}

  static Backend of(Backend backend, Consumer<Step> watcher) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {HostBackend.class},
            (proxy, method, args) -> {
              if (method.isDefault()) {
                return InvocationHandler.invokeDefault(proxy, method, args);
              }
              if (method.getName().equals("attend") && (int) args[3] == 1) {
                watcher.accept((Step) args[2]);
              }
              try {
                return method.invoke(backend, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
