using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>
/// How libtorch's OpenMP threads wait for each other. By default they spin for long, and where another program wants the same cores
/// a small model trains ten times slower; sleeping at once makes it twice as slow on free cores. So they spin for some microseconds,
/// then sleep. A user's own setting wins.
/// </summary>
internal static partial class ThreadPolicy
{
    /// <summary>Must be called before libtorch is loaded: OpenMP reads the process's environment once.</summary>
    public static void Apply()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // .NET keeps a copy of the environment; native libraries see only what setenv changes.
        _ = SetEnvironment("OMP_WAIT_POLICY", "PASSIVE", 0);
        _ = SetEnvironment("GOMP_SPINCOUNT", "10000", 0);
    }

    /// <summary>
    /// CUDA numbers GPUs by speed by default, the driver's library by place on the bus: both shall mean the same. A user's own setting
    /// wins.
    /// </summary>
    public static void OrderGpusByBus()
    {
        const string Variable = "CUDA_DEVICE_ORDER";
        if (OperatingSystem.IsWindows())
        {
            Environment.SetEnvironmentVariable(Variable, Environment.GetEnvironmentVariable(Variable) ?? "PCI_BUS_ID");
        }
        else
        {
            _ = SetEnvironment(Variable, "PCI_BUS_ID", 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetEnvironment(string name, string value, int overwrite);
}
