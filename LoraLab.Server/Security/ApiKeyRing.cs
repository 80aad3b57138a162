using System.Collections.Concurrent;
using System.Security.Cryptography;
using LoraLab.Contracts;
using Microsoft.Extensions.Primitives;

namespace LoraLab.Server.Security;

/// <summary>
/// The configured API keys. A change of <c>appsettings.json</c> takes effect immediately, so that a key can be rotated while runs are
/// active: add the new one, update the scripts, remove the old one.
/// </summary>
internal sealed class ApiKeyRing : IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly ILogger<ApiKeyRing> _log;
    private readonly TimeProvider _clock;
    private readonly IDisposable _watch;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _lastUsed = [];
    private volatile IReadOnlyList<ApiKey> _keys;

    public ApiKeyRing(IConfiguration configuration, ILogger<ApiKeyRing> log, TimeProvider clock)
    {
        (_configuration, _clock) = (configuration, clock);
        _log = log;
        // Errors at startup are reported by the options validation.
        _keys = ApiKeySection.Read(configuration).Keys;
        Required = _keys.Count > 0;
        _watch = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    /// <summary>
    /// Whether requests require a key. Fixed at startup: removing the last key from the file locks everyone out and never opens the server.
    /// </summary>
    public bool Required { get; }

    /// <summary>The keys without their hashes.</summary>
    public IReadOnlyList<KeyEntry> Entries =>
    [
        .. _keys.Select(key => new KeyEntry(
            key.Name, key.Scopes, _lastUsed.TryGetValue(key.Sha256, out DateTimeOffset at) ? at : null)),
    ];

    /// <summary>
    /// The key with this secret. Takes the same time for a wrong secret as for a right one: every key is compared, each in constant time.
    /// </summary>
    public ApiKey? Find(string secret) => FindByHash(KeySecret.HashOf(secret));

    /// <summary>The key with this hash of a secret.</summary>
    public ApiKey? FindByHash(ReadOnlySpan<byte> hash)
    {
        ApiKey? found = null;
        foreach (ApiKey key in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(key.Hash, hash))
            {
                found = key;
            }
        }

        if (found is not null)
        {
            _lastUsed[found.Sha256] = _clock.GetUtcNow();
        }

        return found;
    }

    public void Dispose() => _watch.Dispose();

    private void Reload()
    {
        (IReadOnlyList<ApiKey> read, IReadOnlyList<string> errors) = ApiKeySection.Read(_configuration);
        if (errors.Count > 0)
        {
            _log.LogError("The changed API keys have errors; keeping the previous ones: {Errors}", string.Join(" ", errors));
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

        if (!read.Select(key => key.Name + key.Sha256).SequenceEqual(_keys.Select(key => key.Name + key.Sha256)))
        {
            _log.LogInformation("API keys are now: {Names}", string.Join(", ", read.Select(key => key.Name)));
        }

        _keys = read;
    }
}
