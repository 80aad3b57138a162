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

        Dictionary<string, FileSnapshot> before = ByName(queued), after = ByName(now);
        return
        [
            .. before.Values.Where(file => !after.ContainsKey(file.Name)).Select(file =>
                $"{file.Name} was deleted after the run was queued."),
            .. after.Values.Where(file => before.GetValueOrDefault(file.Name) is { } known && known != file).Select(file =>
                $"{file.Name} changed after the run was queued, from {Format(before[file.Name])} to "
                    + $"{Format(file)}; the run uses the current content."),
            .. after.Values.Where(file => !before.ContainsKey(file.Name)).Select(file =>
                $"{file.Name} was added after the run was queued."),
        ];
    }

    /// <summary>One file may have several uses, such as training and evaluation.</summary>
    private static Dictionary<string, FileSnapshot> ByName(IReadOnlyList<FileSnapshot> files) =>
        files.DistinctBy(file => file.Name).ToDictionary(file => file.Name);

    private static string Format(FileSnapshot file) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{NumberFormat.Count(file.Bytes)} bytes of {file.WrittenAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
}
