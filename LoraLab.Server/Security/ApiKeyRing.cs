using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;

namespace LoraLab.Server.Security;

/// <summary>
/// The keys that open the server. A change of <c>appsettings.json</c> takes effect at once, so that a key is replaced while runs go on:
/// add the new one, change the scripts, remove the old one.
/// </summary>
internal sealed class ApiKeyRing : IDisposable
{
    private readonly IConfiguration configuration;
    private readonly ILogger<ApiKeyRing> log;
    private readonly IDisposable watch;
    private volatile IReadOnlyList<ApiKey> keys;

    public ApiKeyRing(IConfiguration configuration, ILogger<ApiKeyRing> log)
    {
        this.configuration = configuration;
        this.log = log;
        // What is wrong with them at start is said by the validation of the options.
        keys = ApiKeySection.Read(configuration).Keys;
        Required = keys.Count > 0;
        watch = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    /// <summary>
    /// Whether a request needs a key. Fixed at start: whoever takes the last key out of the file shuts everybody out; that never opens the server.
    /// </summary>
    public bool Required { get; }

    /// <summary>The key with this secret. Takes as long for a wrong one as for a right one: every key is compared, each in constant time.</summary>
    public ApiKey? Find(string secret) => FindByHash(ApiKey.HashOf(secret));

    /// <summary>The key with the hash of a secret.</summary>
    public ApiKey? FindByHash(ReadOnlySpan<byte> hash)
    {
        ApiKey? found = null;
        foreach (ApiKey key in keys)
        {
            if (CryptographicOperations.FixedTimeEquals(key.Hash, hash))
            {
                found = key;
            }
        }

        return found;
    }

    public void Dispose() => watch.Dispose();

    private void Reload()
    {
        (IReadOnlyList<ApiKey> read, IReadOnlyList<string> errors) = ApiKeySection.Read(configuration);
        if (errors.Count > 0)
        {
            log.LogError("The changed API keys are not used, the earlier ones stay: {Errors}", string.Join(" ", errors));
            return;
        }

        if (!Required)
        {
            if (read.Count > 0)
            {
                log.LogWarning("API keys were added; restart the server to have them needed");
            }

            return;
        }

        if (!read.Select(key => key.Name + key.Sha256).SequenceEqual(keys.Select(key => key.Name + key.Sha256)))
        {
            log.LogInformation("API keys are now: {Names}", string.Join(", ", read.Select(key => key.Name)));
        }

        keys = read;
    }
}
