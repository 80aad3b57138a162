using System.Collections.Concurrent;
using System.Security.Cryptography;
using LoraLab.Contracts;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using Microsoft.Extensions.Primitives;

namespace LoraLab.Server.Security;

/// <summary>
/// The API keys: those of the configuration, and those that were made while servers ran. A change of <c>appsettings.json</c> takes effect
/// immediately, so that a key can be rotated while runs are active: add the new one, update the scripts, remove the old one.
/// </summary>
internal sealed class ApiKeyRing : IDisposable
{
    private static readonly TimeSpan _useInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly IConfiguration _configuration;
    private readonly IKeyStore _store;
    private readonly ILogger<ApiKeyRing> _log;
    private readonly TimeProvider _clock;
    private readonly IDisposable _watch;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _lastUsed = [];
    private volatile IReadOnlyList<ApiKey> _configured;
    private volatile IReadOnlyList<StoredKey> _stored;
    private volatile IReadOnlyList<ApiKey> _made;

    public ApiKeyRing(IConfiguration configuration, IKeyStore store, ILogger<ApiKeyRing> log, TimeProvider clock)
    {
        (_configuration, _store, _clock) = (configuration, store, clock);
        _log = log;
        // Errors at startup are reported by the options validation.
        _configured = ApiKeySection.Read(configuration).Keys;
        (_stored, _made) = Read();
        if (Twice(_configured) is { } name)
        {
            throw new StartFailure($"{ApiKeySection.Path} has a key named \"{name}\", and so has a key that was made in the dashboard; "
                + "give the configured one another name, or start without it and revoke the other.");
        }

        Required = _configured.Count + _made.Count > 0;
        _watch = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    /// <summary>
    /// Whether requests require a key. Fixed at startup: removing the last key from the file locks everyone out and never opens the server.
    /// </summary>
    public bool Required { get; }

    /// <summary>The keys without their hashes: those of the configuration in its order, then those that were made, by name.</summary>
    public IReadOnlyList<KeyEntry> Entries =>
    [
        .. _configured.Select(key => new KeyEntry(key.Name, key.Scopes, UsedAt(key.Sha256)) { Configured = true }),
        .. _stored.Select(key => new KeyEntry(key.Name, Scopes.Expand(key.Scopes), UsedAt(key.Sha256) ?? key.LastUsedAt)
        {
            CreatedAt = key.CreatedAt,
            CreatedBy = key.CreatedBy,
        }),
    ];

    /// <summary>
    /// The key with this secret. Takes the same time for a wrong secret as for a right one: every key is compared, each in constant time.
    /// </summary>
    public ApiKey? Find(string secret) => FindByHash(KeySecret.HashOf(secret));

    /// <summary>The key with this hash of a secret.</summary>
    public ApiKey? FindByHash(ReadOnlySpan<byte> hash)
    {
        ApiKey? found = null;
        foreach (IReadOnlyList<ApiKey> keys in (ReadOnlySpan<IReadOnlyList<ApiKey>>)[_configured, _made])
        {
            foreach (ApiKey key in keys)
            {
                if (CryptographicOperations.FixedTimeEquals(key.Hash, hash))
                {
                    found = key;
                }
            }
        }

        if (found is not null)
        {
            _lastUsed[found.Sha256] = _clock.GetUtcNow();
        }

        return found;
    }

    /// <summary>Reads the made keys again: other nodes make and revoke them too.</summary>
    public void Refresh()
    {
        // Inside the lock: what was read before a change must not replace what was read after it.
        lock (_gate)
        {
            (_stored, _made) = Read();
        }
    }

    /// <summary>Stores when made keys were used, for each at most every minute.</summary>
    public void StoreUses()
    {
        foreach (StoredKey key in _stored)
        {
            if (_lastUsed.TryGetValue(key.Sha256, out DateTimeOffset at)
                && (key.LastUsedAt is not DateTimeOffset before || at - before >= _useInterval))
            {
                _store.MarkUsed(key.Name, at);
            }
        }
    }

    public void Dispose() => _watch.Dispose();

    private (IReadOnlyList<StoredKey> Stored, IReadOnlyList<ApiKey> Made) Read()
    {
        IReadOnlyList<StoredKey> stored = _store.Read();
        return (stored, [.. stored.Select(key =>
            new ApiKey(key.Name, Scopes.Expand(key.Scopes), Convert.FromHexString(key.Sha256)))]);
    }

    private DateTimeOffset? UsedAt(string sha256) => _lastUsed.TryGetValue(sha256, out DateTimeOffset at) ? at : null;

    /// <summary>A name that both a configured key and a made one have.</summary>
    private string? Twice(IEnumerable<ApiKey> configured) =>
        configured.Select(key => key.Name).Intersect(_stored.Select(key => key.Name)).FirstOrDefault();

    private void Reload()
    {
        (IReadOnlyList<ApiKey> read, IReadOnlyList<string> errors) = ApiKeySection.Read(_configuration);
        if (errors.Count > 0)
        {
            _log.LogError("The changed API keys have errors; keeping the previous ones: {Errors}", string.Join(" ", errors));
            return;
        }

        if (Twice(read) is { } name)
        {
            _log.LogError("The changed API keys have one named {Name}, which a key of the dashboard has; keeping the previous ones", name);
            return;
        }

        if (!Required)
        {
            if (read.Count > 0)
            {
                _log.LogWarning("API keys were added; restart the server to require them");
            }

            return;
        }

        if (!read.Select(key => key.Name + key.Sha256).SequenceEqual(_configured.Select(key => key.Name + key.Sha256)))
        {
            _log.LogInformation("API keys are now: {Names}", string.Join(", ", read.Select(key => key.Name)));
        }

        _configured = read;
    }
}
