using System.Globalization;

namespace LoraLab.Training.Torch;

/// <summary>
/// The GPUs that CUDA shows to this process, in CUDA's numbering. NVIDIA's management library knows nothing of
/// <c>CUDA_VISIBLE_DEVICES</c>: under it, CUDA's GPU 0 may be the library's GPU 3.
/// </summary>
public static class VisibleGpus
{
    private const string Variable = "CUDA_VISIBLE_DEVICES";

    /// <summary>The GPUs of this process; element i is CUDA's GPU i.</summary>
    public static IReadOnlyList<NvmlDevice> Of(Nvml nvml) => Select(Environment.GetEnvironmentVariable(Variable), nvml.Devices());

    /// <summary>CUDA's GPU <paramref name="index"/>, or null when it is not known.</summary>
    public static NvmlDevice? At(Nvml? nvml, int index) => nvml is null ? null : Of(nvml).ElementAtOrDefault(Math.Max(0, index));

    /// <summary>
    /// What CUDA makes of the variable: indices and the beginnings of unique ids, up to the first entry that is neither; all GPUs where it
    /// is not set.
    /// </summary>
    /// <param name="variable">The variable's value; null: not set.</param>
    /// <param name="all">GPUs of the machine, by place on the bus.</param>
    public static IReadOnlyList<NvmlDevice> Select(string? variable, IReadOnlyList<NvmlDevice> all)
    {
        if (variable is null)
        {
            return all;
        }

        List<NvmlDevice> visible = [];
        foreach (string entry in variable.Split(',', StringSplitOptions.TrimEntries))
        {
            if (Find(entry, all) is not NvmlDevice found || visible.Contains(found))
            {
                break;
            }

            visible.Add(found);
        }

        return visible;
    }

    private static NvmlDevice? Find(string entry, IReadOnlyList<NvmlDevice> all)
    {
        if (int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            return all.FirstOrDefault(gpu => gpu.Index == index);
        }

        NvmlDevice[] named = [.. all.Where(gpu => entry.StartsWith("GPU-", StringComparison.Ordinal) && gpu.Uuid?.StartsWith(entry, StringComparison.OrdinalIgnoreCase) == true)];
        return named.Length == 1 ? named[0] : null;
    }
}
