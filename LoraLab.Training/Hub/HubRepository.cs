using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks;

namespace LoraLab.Training.Hub;

/// <summary>A repository of the hub at a revision.</summary>
/// <param name="Kind"><c>models</c> or <c>datasets</c>, as in the hub's routes.</param>
/// <param name="Id"><c>owner/name</c>.</param>
/// <param name="Revision">Branch, tag or commit.</param>
public sealed record HubRepository(string Kind, string Id, string Revision)
{
    /// <summary>The default branch.</summary>
    public const string DefaultRevision = "main";

    /// <summary>Parses the model <c>owner/name</c> or <c>owner/name@revision</c>.</summary>
    /// <exception cref="RunFailure">The text has another form.</exception>
    public static HubRepository Model(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string id = at < 0 ? text : text[..at];
        string[] parts = id.Split('/');
        if (parts.Length != 2 || !parts.All(IsName))
        {
            throw RunFailure.BadData(
                $"'{text}' is neither a dataset ({string.Join(", ", PublishedDataset.Names)}) nor a model in the form owner/name or "
                    + "owner/name@revision, for example TinyLlama/TinyLlama-1.1B-Chat-v1.0.");
        }

        return new HubRepository("models", id, RevisionIn(text));
    }

    /// <summary>Returns the revision in <c>name@revision</c>, or the default branch.</summary>
    /// <exception cref="RunFailure">It is empty or has control characters.</exception>
    public static string RevisionIn(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        return string.IsNullOrWhiteSpace(revision) || revision.Any(char.IsControl)
            ? throw RunFailure.BadData($"'{text}' has an invalid revision; write name@revision, or omit '@'.")
            : revision;
    }

    /// <summary>Returns the name for messages.</summary>
    public override string ToString() => Revision == DefaultRevision ? Id : $"{Id}@{Revision}";

    private static bool IsName(string part) =>
        part.Length is > 0 and <= 96 && !part.Contains("..", StringComparison.Ordinal) && part[0] is not ('.' or '-')
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
