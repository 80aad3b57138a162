using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Server.Infrastructure.Access;

namespace LoraLab.Server.Security;

/// <summary>
/// <c>keys new --name N --scopes S</c>: creates a key and prints it once, with the line for the configuration. Reads and writes no files,
/// so it can run beside a running server.
/// </summary>
internal static class KeysCommand
{
    public const string Verb = "keys";

    public const string Arguments = "keys new --name NAME --scopes read|submit|admin[,...]";

    private const string Usage = $"usage: {Arguments}";

    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        string? name = null;
        List<string> scopes = [];
        bool understood = arguments is ["new", ..] && arguments.Count % 2 == 1;
        for (int i = 1; understood && i < arguments.Count; i += 2)
        {
            switch (arguments[i])
            {
                case "--name":
                    name = arguments[i + 1].Trim();
                    break;
                case "--scopes":
                    scopes.AddRange(arguments[i + 1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
                    break;
                default:
                    understood = false;
                    break;
            }
        }

        if (!understood || string.IsNullOrEmpty(name) || scopes.Count == 0)
        {
            error.WriteLine(Usage);
            return 2;
        }

        if (scopes.Find(scope => !Scopes.All.Contains(scope)) is { } unknown)
        {
            error.WriteLine($"Unknown scope '{unknown}'; use one of {string.Join(", ", Scopes.All)}.");
            return 2;
        }

        Print(name, scopes, KeySecret.New(), output);
        return 0;
    }

    private static void Print(string name, List<string> scopes, string secret, TextWriter output)
    {
        string hash = Convert.ToHexStringLower(KeySecret.HashOf(secret));
        output.WriteLine("The key, shown only once; store it like a password:");
        output.WriteLine(secret);
        output.WriteLine();
        output.WriteLine("Its entry for the list LoraLab:ApiKeys in appsettings.json:");
        output.WriteLine(JsonSerializer.Serialize(new { name, scopes, sha256 = hash }, ContractJson.Options));
    }
}
