using System.Text.Json;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs.Views;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Runs.Views;

/// <summary>
/// Saved views as files, <c>views/{id}.json</c>. No run depends on them, so they are not in the database: a file is the truth.
/// </summary>
internal sealed partial class ViewFiles(LoraLabPaths paths, ILogger<ViewFiles> log)
{
    /// <summary>All views that can be read; a damaged file is named in the log and left as it is.</summary>
    public IReadOnlyList<SavedView> Read() => Directory.Exists(paths.ViewsDirectory)
        ? [.. Directory.EnumerateFiles(paths.ViewsDirectory, "*.json").Where(file => ViewFile().IsMatch(Path.GetFileName(file)))
            .Select(Read).OfType<SavedView>()]
        : [];

    public void Write(SavedView view)
    {
        Directory.CreateDirectory(paths.ViewsDirectory);
        DurableFile.WriteAllText(PathOf(view.Id), JsonSerializer.Serialize(view, ContractJson.Indented) + "\n");
    }

    public void Delete(string id) => File.Delete(PathOf(id));

    private SavedView? Read(string file)
    {
        try
        {
            SavedView? view = JsonSerializer.Deserialize<SavedView>(File.ReadAllText(file), ContractJson.Options);
            return view?.Id == Path.GetFileNameWithoutExtension(file) ? view : null;
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            log.LogWarning("The saved view in {File} cannot be read and is left out ({Reason})", file, error.Message);
            return null;
        }
    }

    private string PathOf(string id) => Path.Combine(paths.ViewsDirectory, id + ".json");

    [GeneratedRegex("^[0-9a-z]{4,32}\\.json$")]
    private static partial Regex ViewFile();
}
