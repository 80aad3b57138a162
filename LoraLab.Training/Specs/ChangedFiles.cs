using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Specs;

/// <summary>Reports the files of a run that changed after it was queued.</summary>
public static class ChangedFiles
{
    /// <summary>Returns a message per changed file.</summary>
    /// <param name="queued">The files when the run was queued; empty: unknown.</param>
    /// <param name="now">The files now.</param>
    public static IReadOnlyList<string> Messages(IReadOnlyList<FileSnapshot> queued, IReadOnlyList<FileSnapshot> now)
    {
        if (queued.Count == 0)
        {
            return [];
        }

        Dictionary<string, FileSnapshot> before = queued.ToDictionary(file => file.Name), after = now.ToDictionary(file => file.Name);
        return
        [
            .. queued.Where(file => !after.ContainsKey(file.Name)).Select(file => $"{file.Name} was deleted after the run was queued."),
            .. now.Where(file => before.TryGetValue(file.Name, out FileSnapshot? known) && known != file).Select(file =>
                $"{file.Name} changed after the run was queued, from {Format(before[file.Name])} to "
                    + $"{Format(file)}; the run uses the current content."),
            .. now.Where(file => !before.ContainsKey(file.Name)).Select(file => $"{file.Name} was added after the run was queued."),
        ];
    }

    private static string Format(FileSnapshot file) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{NumberFormat.Count(file.Bytes)} bytes of {file.WrittenAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
}
