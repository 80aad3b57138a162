using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Installed;
using Xunit;

[assembly: AssemblyFixture(typeof(SingleThreadedEngine))]

namespace LoraLab.Tests.Support;

/// <summary>
/// Limits the engine in the test process to one thread, unless <c>OMP_NUM_THREADS</c> is set. Tests already run in parallel; with several
/// threads each, they would oversubscribe the cores at every small operation and take a multiple of the time. Trainers behind servers
/// that tests start are limited as well. A trainer that a test starts directly uses its default, and tests of thread independence set the
/// number.
/// </summary>
public sealed class SingleThreadedEngine
{
    public SingleThreadedEngine()
    {
        if (!OperatingSystem.IsWindows())
        {
            // This call makes .NET copy the environment, which child processes inherit. The variable is then set natively, for OpenMP
            // alone.
            _ = Environment.GetEnvironmentVariables();
            _ = ThreadPolicy.SetEnvironment("OMP_NUM_THREADS", "1", 0);
        }

        // The runs of parallel tests share one heap.
        HeapPolicy.MinTrimBytes = 1 << 30;

        // An installed PyTorch must be loaded before a test uses TorchSharp, which would look for the libtorch of the build.
        if (Environment.GetEnvironmentVariable(TorchSource.Variable) is { Length: > 0 })
        {
            TorchRuntime.EnsureLoaded();
        }
    }
}
