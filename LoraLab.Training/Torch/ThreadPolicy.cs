using System.Globalization;
using System.Runtime.InteropServices;
using LoraLab.Files;

namespace LoraLab.Training.Torch;

/// <summary>
/// Number and wait policy of libtorch's OpenMP threads: as many as there are cores, or as the CPU quota of the control group allows. By
/// default they spin for a long time, and a small model trains ten times slower if another program competes for the cores; sleeping
/// immediately makes it twice as slow on idle cores. So they spin for some microseconds, then sleep. Settings in the environment take
/// precedence.
/// </summary>
internal static partial class ThreadPolicy
{
    /// <summary>Call before libtorch is loaded: OpenMP reads the environment once.</summary>
    public static void Apply()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // OpenMP counts cores and knows no quota: with more threads than CPUs, all wait for those that the system has suspended.
        ControlGroup group = ControlGroup.Read();
        if (group.Cpus is not null && group.Threads(int.MaxValue) <= Environment.ProcessorCount)
        {
            _ = SetEnvironment("OMP_NUM_THREADS", group.Threads(int.MaxValue).ToString(CultureInfo.InvariantCulture), 0);
        }

        // .NET keeps its own copy of the environment; native libraries only see changes by setenv.
        _ = SetEnvironment("OMP_WAIT_POLICY", "PASSIVE", 0);
        _ = SetEnvironment("GOMP_SPINCOUNT", "10000", 0);
    }

    /// <summary>
    /// Makes CUDA number GPUs by PCI bus id, like the driver's library, instead of by speed. A setting in the environment takes precedence.
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
