using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using Xunit;

[assembly: AssemblyFixture(typeof(OneThreadEach))]

namespace LoraLab.Tests.Support;

/// <summary>
/// Tests share the cores by running side by side. Were each to use them all as well, its threads would wait for each other's turns at every
/// operation of a small model, and all would take a multiple of the time. So the engine in this process uses one thread, unless
/// <c>OMP_NUM_THREADS</c> is set; so do the trainers behind servers that tests start; a trainer that a test starts by itself chooses as it always does,
/// and what must be the same for any number of threads sets that number.
/// </summary>
public sealed class OneThreadEach
{
    public OneThreadEach()
    {
        if (!OperatingSystem.IsWindows())
        {
            // .NET makes its copy of the environment here, which programs that are started inherit; OpenMP reads what is set behind it.
            _ = Environment.GetEnvironmentVariables();
            _ = ThreadPolicy.SetEnvironment("OMP_NUM_THREADS", "1", 0);
        }
    }
}
