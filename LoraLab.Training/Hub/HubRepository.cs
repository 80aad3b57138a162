using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>A repository on the hub at a revision.</summary>
/// <param name="Kind"><c>models</c> or <c>datasets</c>, as in the hub's routes.</param>
/// <param name="Id"><c>owner/name</c>.</param>
/// <param name="Revision">Branch, tag or commit.</param>
public sealed record HubRepository(string Kind, string Id, string Revision)
{
    /// <summary>The branch that is taken when none is named.</summary>
    public const string DefaultRevision = "main";

    /// <summary>Reads <c>owner/name</c> or <c>owner/name@revision</c> as a model.</summary>
    /// <exception cref="RunFailure">It is neither.</exception>
    public static HubRepository Model(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string id = at < 0 ? text : text[..at];
        string revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        string[] parts = id.Split('/');
        if (parts.Length != 2 || !parts.All(IsName))
        {
            throw RunFailure.BadData($"'{text}' is neither the data set 'sst2' nor a model written owner/name or owner/name@revision, for example TinyLlama/TinyLlama-1.1B-Chat-v1.0.");
        }

        if (string.IsNullOrWhiteSpace(revision) || revision.Any(char.IsControl))
        {
            throw RunFailure.BadData($"'{text}' has an empty revision; write owner/name@revision, or leave '@' out.");
        }

        return new HubRepository("models", id, revision);
    }

    /// <summary>How messages call it.</summary>
    public override string ToString() => Revision == DefaultRevision ? Id : $"{Id}@{Revision}";

    private static bool IsName(string part) =>
        part.Length is > 0 and <= 96 && !part.Contains("..", StringComparison.Ordinal) && part[0] is not ('.' or '-')
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
