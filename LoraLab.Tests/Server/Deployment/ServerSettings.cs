using System.Collections;
using System.Reflection;
using LoraLab.Server.Hosting;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Xunit;

namespace LoraLab.Tests.Server.Deployment;

/// <summary>Checks an environment as a container has it against the options of the server.</summary>
internal static class ServerSettings
{
    private static readonly string[] _keyMembers = ["Name", "Scopes", "Sha256"];

    /// <summary>Asserts that every variable is an option, and that the server would accept their values.</summary>
    public static void AssertValid(IReadOnlyDictionary<string, string?> environment)
    {
        Dictionary<string, string?> settings = environment.Where(variable => variable.Key.Contains("__", StringComparison.Ordinal))
            .ToDictionary(variable => variable.Key.Replace("__", ":", StringComparison.Ordinal), variable => variable.Value);
        Assert.All(settings.Keys, key => Assert.True(IsOption(key.Split(':')), $"{key} is no option of the server."));
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        LoraLabOptions options = configuration.GetSection(LoraLabOptions.Section).Get<LoraLabOptions>() ?? new();
        ValidateOptionsResult result = new LoraLabOptionsValidator(configuration).Validate(null, options);
        Assert.True(result.Succeeded, result.FailureMessage);
    }

    public static bool IsOption(string[] path) => path switch
    {
        ["ConnectionStrings", var name] => name == PostgresConnection.Name,
        [LoraLabOptions.Section, "ApiKeys", var place, var member] => int.TryParse(place, out _) && _keyMembers.Contains(member),
        [LoraLabOptions.Section, .. var rest] => rest.Length > 0 && IsMember(typeof(LoraLabOptions), rest),
        _ => false,
    };

    private static bool IsMember(Type type, string[] path) => path switch
    {
        [] => type == typeof(string) || !typeof(IEnumerable).IsAssignableFrom(type),
        [var place] when type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type) => int.TryParse(place, out _),
        [var name, .. var rest] => type.GetProperty(name, BindingFlags.Public | BindingFlags.Instance) is { CanWrite: true } property
            && IsMember(property.PropertyType, rest),
    };
}
