using System.Globalization;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Specs;

/// <summary>Names the files of a run that are not what they were when it was queued.</summary>
public static class ChangedFiles
{
    /// <summary>A sentence for each.</summary>
    /// <param name="queued">What they were; empty: nobody looked.</param>
    /// <param name="now">What they are.</param>
    public static IReadOnlyList<string> Sentences(IReadOnlyList<FileSnapshot> queued, IReadOnlyList<FileSnapshot> now)
    {
        if (queued.Count == 0)
        {
            return [];
        }

        Dictionary<string, FileSnapshot> before = queued.ToDictionary(file => file.Name), after = now.ToDictionary(file => file.Name);
        return
        [
            .. queued.Where(file => !after.ContainsKey(file.Name)).Select(file => $"{file.Name} is gone since the run was queued."),
            .. now.Where(file => before.TryGetValue(file.Name, out FileSnapshot? known) && known != file).Select(file =>
                $"{file.Name} changed since the run was queued: it had {Shown(before[file.Name])}, and has {Shown(file)}; the run goes by what it holds now."),
            .. now.Where(file => !before.ContainsKey(file.Name)).Select(file => $"{file.Name} is new since the run was queued."),
        ];
    }

    private static string Shown(FileSnapshot file) =>
        string.Create(CultureInfo.InvariantCulture, $"{file.Bytes:#,0} bytes of {file.WrittenAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
}
