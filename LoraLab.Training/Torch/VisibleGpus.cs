using System.Globalization;

namespace LoraLab.Training.Torch;

/// <summary>
/// The GPUs that are visible to CUDA in this process, in CUDA's numbering. NVIDIA's management library ignores
/// <c>CUDA_VISIBLE_DEVICES</c>, so CUDA's GPU 0 may be the library's GPU 3.
/// </summary>
public static class VisibleGpus
{
    private const string Variable = "CUDA_VISIBLE_DEVICES";

    /// <summary>The visible GPUs; element i is CUDA's device i.</summary>
    public static IReadOnlyList<NvmlDevice> Of(Nvml nvml) => Select(Environment.GetEnvironmentVariable(Variable), nvml.Devices());

    /// <summary>CUDA's device <paramref name="index"/>, or null if unknown.</summary>
    public static NvmlDevice? At(Nvml? nvml, int index) => nvml is null ? null : Of(nvml).ElementAtOrDefault(Math.Max(0, index));

    /// <summary>
    /// Applies the variable as CUDA does: indices and prefixes of unique ids, up to the first entry that is neither; all GPUs if it is not
    /// set.
    /// </summary>
    /// <param name="variable">Value of the variable; null: not set.</param>
    /// <param name="all">GPUs of the machine, by PCI bus id.</param>
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

        NvmlDevice[] named = [.. all.Where(gpu =>
            entry.StartsWith("GPU-", StringComparison.Ordinal) && gpu.Uuid?.StartsWith(entry, StringComparison.OrdinalIgnoreCase) == true)];
        return named.Length == 1 ? named[0] : null;
    }
}
