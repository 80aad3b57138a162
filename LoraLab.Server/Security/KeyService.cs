using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Security;

/// <summary>Makes and revokes keys while the server runs.</summary>
internal sealed partial class KeyService(ApiKeyRing ring, IKeyStore store, TimeProvider time, ILogger<KeyService> log)
{
    private const int MaximumKeys = 200;

    /// <summary>Makes a key; its secret is in the result and nowhere else.</summary>
    public NewKey Create(NewKeyRequest request, string? by)
    {
        ApiFailure.ThrowIfAny([.. Check(request)]);
        string name = request.Name!.Trim();
        IReadOnlyList<KeyEntry> existing = ring.Entries;
        if (existing.Any(key => key.Name == name))
        {
            throw NameTaken(name);
        }

        if (existing.Count >= MaximumKeys)
        {
            throw ApiFailure.Conflict("tooManyKeys", $"There are {existing.Count} keys; revoke those that are not used any more.");
        }

        IReadOnlyList<string> scopes = [.. request.Scopes!.Distinct()];
        if (!scopes.Contains(Scopes.Admin) && !existing.Any(IsAdmin))
        {
            throw ApiFailure.Conflict("adminKeyFirst", "The first key must have the scope admin: once there is a key, every request needs "
                + "one after the next start, and without that scope nobody could make or revoke keys.");
        }

        string secret = KeySecret.New();
        StoredKey key = new()
        {
            Name = name,
            Scopes = scopes,
            Sha256 = Convert.ToHexStringLower(KeySecret.HashOf(secret)),
            CreatedAt = time.GetUtcNow(),
            CreatedBy = by,
        };
        if (!store.Add(key))
        {
            // Another node made it a moment ago.
            throw NameTaken(name);
        }

        ring.Refresh();
        log.LogInformation("{By} made API key {Name} with scope {Scopes}", by, name, string.Join(", ", scopes));
        return new NewKey(name, Scopes.Expand(scopes), key.CreatedAt, secret);
    }

    /// <summary>Revokes a key: at once here, within a second on other nodes.</summary>
    public void Revoke(string name, string? by)
    {
        IReadOnlyList<KeyEntry> existing = ring.Entries;
        KeyEntry key = existing.FirstOrDefault(key => key.Name == name) ?? throw NotFound(name);
        if (key.Configured)
        {
            throw ApiFailure.Conflict(
                "keyConfigured", $"The key '{name}' is part of the configuration; remove its entry from {ApiKeySection.Path}.");
        }

        if (ring.Required && !existing.Any(other => other.Name != name && IsAdmin(other)))
        {
            throw ApiFailure.Conflict("lastAdminKey", $"'{name}' is the only key with the scope admin, and without it nobody could make or "
                + "revoke keys; make another one first.");
        }

        if (!store.Remove(name))
        {
            throw NotFound(name);
        }

        ring.Refresh();
        log.LogInformation("{By} revoked API key {Name}", by, name);
    }

    private static bool IsAdmin(KeyEntry key) => key.Scopes.Contains(Scopes.Admin);

    private static ApiFailure NameTaken(string name) => ApiFailure.Conflict(
        "keyExists", $"There is a key named '{name}' already; choose another name, so that logs show which one was used.");

    private static ApiFailure NotFound(string name) =>
        ApiFailure.NotFound("keyNotFound", $"There is no key named '{ApiFailure.Shorten(name)}'.");

    private static IEnumerable<FieldError> Check(NewKeyRequest request)
    {
        string name = request.Name?.Trim() ?? "";
        if (!KeyName().IsMatch(name))
        {
            yield return new FieldError("name", $"name is \"{ApiFailure.Shorten(name)}\"; it must have 1 to {KeyEntry.LongestName} "
                + "letters, digits, spaces and any of . _ @ + -, and begin with a letter or digit.");
        }

        if (request.Scopes is not { Count: > 0 } scopes || !scopes.All(Scopes.All.Contains))
        {
            yield return new FieldError("scopes", $"scopes must be a list of {string.Join(", ", Scopes.All)}.");
        }
    }

    [GeneratedRegex(@"^[\p{L}\p{Nd}][\p{L}\p{Nd} ._@+-]{0,63}$")]
    private static partial Regex KeyName();
}
