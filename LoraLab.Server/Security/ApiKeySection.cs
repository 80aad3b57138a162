using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;

namespace LoraLab.Server.Security;

/// <summary>Reads <c>LoraLab:ApiKeys</c>, a list of <c>{name, scopes, sha256}</c>, and reports all of its errors.</summary>
internal static class ApiKeySection
{
    public const string Path = $"{LoraLabOptions.Section}:ApiKeys";

    private const int HashLength = 64;
    private const int MaximumName = 64;

    public static (IReadOnlyList<ApiKey> Keys, IReadOnlyList<string> Errors) Read(IConfiguration configuration)
    {
        List<ApiKey> keys = [];
        List<string> errors = [];
        HashSet<string> names = [];
        foreach (IConfigurationSection entry in configuration.GetSection(Path).GetChildren())
        {
            string name = entry["Name"]?.Trim() ?? "";
            string hash = entry["Sha256"]?.Trim() ?? "";
            List<string> scopes = ReadScopes(entry.GetSection("Scopes"));
            int before = errors.Count;
            errors.AddRange(Check(entry.Path, name, scopes, hash));
            if (!names.Add(name))
            {
                errors.Add($"{entry.Path}:Name is \"{name}\", which another key already has; give each key a unique name, "
                    + "so that logs show which one was used.");
            }

            if (errors.Count == before)
            {
                keys.Add(new ApiKey(name, Scopes.Expand(scopes), Convert.FromHexString(hash)));
            }
        }

        return (keys, errors);
    }

    /// <summary>A list, or one comma-separated value, as in an environment variable.</summary>
    private static List<string> ReadScopes(IConfigurationSection section) =>
    [
        .. (section.Value is { } text ? text.Split(',') : section.GetChildren().Select(child => child.Value ?? ""))
            .Select(scope => scope.Trim().ToLowerInvariant()),
    ];

    private static IEnumerable<string> Check(string path, string name, List<string> scopes, string hash)
    {
        if (name.Length is 0 or > MaximumName)
        {
            yield return $"{path}:Name is \"{name}\"; it must have 1 to {MaximumName} characters.";
        }

        if (scopes.Count == 0 || !scopes.All(Scopes.All.Contains))
        {
            yield return $"{path}:Scopes is \"{string.Join(',', scopes)}\"; it must be a list of {string.Join(", ", Scopes.All)}.";
        }

        if (hash.Length != HashLength || !hash.All(char.IsAsciiHexDigit))
        {
            yield return $"{path}:Sha256 must be the {HashLength} hexadecimal digits printed by `keys new`, not the key itself.";
        }
    }
}
