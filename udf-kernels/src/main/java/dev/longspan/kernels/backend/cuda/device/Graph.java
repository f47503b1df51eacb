package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphGetNodes;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstreamCaptureMode;

/**
 * Work of a stream that was recorded once and is launched as a whole, with the arguments of then;
 * made by {@link Stream#capture}.
 */
public final class Graph extends DeviceResource {
  private final CUgraphExec executable;
  private final long nodes;
  private final String title;

  private Graph(Device device, String name, CUgraphExec executable, long nodes) {
    super(device, "graph", name, 0);
    this.executable = executable;
    this.nodes = nodes;
    this.title = "graph '" + name + "'";
  }

  static Graph capture(Stream stream, String name, Runnable work) {
    stream.check(
        cuStreamBeginCapture(
            stream.handle(), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "cuStreamBeginCapture");
    CUgraph graph = new CUgraph();
    boolean recorded = false;
    stream.capturing(true);
    try {
      work.run();
      recorded = true;
    } finally {
      stream.capturing(false);
      int result = cuStreamEndCapture(stream.handle(), graph);
      if (recorded) {
        stream.check(result, "cuStreamEndCapture of graph '" + name + "'");
      } else if (result == CUresult.CUDA_SUCCESS) {
        cuGraphDestroy(graph);
      }
    }
    try {
      long[] nodes = new long[1];
      stream.check(cuGraphGetNodes(graph, null, nodes), "cuGraphGetNodes");
      CUgraphExec executable = new CUgraphExec();
      stream.check(
          cuGraphInstantiate(executable, graph, 0), "cuGraphInstantiate of graph '" + name + "'");
      return new Graph(stream.device, name, executable, nodes[0]);
    } finally {
      cuGraphDestroy(graph);
    }
  }

  /** Returns the number of kernels, copies and fills. */
  public long nodes() {
    return nodes;
  }

  /** Puts the whole graph on a stream. */
  public void launch(Stream stream) {
    use();
    int result = stream.launched(title, cuGraphLaunch(executable, stream.handle()));
    if (result != CUresult.CUDA_SUCCESS) {
      throw DeviceException.of(result, "launch of " + title);
    }
  }

  @Override
  void free() {
    Driver.check(cuGraphExecDestroy(executable), "cuGraphExecDestroy");
  }
}
