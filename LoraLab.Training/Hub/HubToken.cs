using LoraLab.Files;

namespace LoraLab.Training.Hub;

/// <summary>
/// The access token, where Hugging Face's own tools look for it: <c>HF_TOKEN</c>, else the file that <c>hf auth login</c> writes, which is
/// <c>HF_TOKEN_PATH</c>, <c>HF_HOME/token</c>, <c>XDG_CACHE_HOME/huggingface/token</c> or <c>~/.cache/huggingface/token</c>.
/// </summary>
internal static class HubToken
{
    /// <summary>Returns the token and where it was found; null: there is none.</summary>
    /// <param name="read">Reads an environment variable.</param>
    public static (string Token, string Source)? Find(Func<string, string?> read)
    {
        foreach (string variable in (ReadOnlySpan<string>)["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
        {
            if (Clean(read(variable)) is string token)
            {
                return (token, variable);
            }
        }

        return Path(read) is string path && Clean(Read(path)) is string saved ? (saved, path) : null;
    }

    private static string? Path(Func<string, string?> read)
    {
        string? home = Clean(read("HOME")) ?? Clean(read("USERPROFILE"));
        string? cache = Of("XDG_CACHE_HOME") ?? (home is null ? null : Join(home, ".cache"));
        string? huggingFace = Of("HF_HOME") ?? (cache is null ? null : Join(cache, "huggingface"));
        return Of("HF_TOKEN_PATH") ?? (huggingFace is null ? null : Join(huggingFace, "token"));

        string? Of(string variable) => Clean(read(variable)) is string path
            ? home is not null && path is ['~', '/' or '\\', ..] ? Join(home, path[2..]) : HomePath.Expand(path)
            : null;
    }

    private static string Join(string folder, string name) => System.IO.Path.Join(folder, name);

    private static string? Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A value without line breaks and spaces around it; null: nothing remains.</summary>
    private static string? Clean(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
