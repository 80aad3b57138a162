using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>Connection settings of the Hugging Face Hub.</summary>
public sealed record HubOptions
{
    /// <summary>Base URL of the hub.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>Access token, sent only to <see cref="Endpoint"/>'s host; null: none.</summary>
    public string? Token { get; init; }

    /// <summary>Where the token comes from, for messages.</summary>
    public string TokenSource { get; init; } = "HF_TOKEN";

    /// <summary>Consecutive attempts without progress after which a download fails.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Delay before the first retry; it doubles with each further one.</summary>
    public TimeSpan InitialDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time without data after which a connection counts as broken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Clock for the delays.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Reads the environment variable <c>HF_ENDPOINT</c>, and the token where Hugging Face's own tools read it.</summary>
    /// <exception cref="RunFailure"><c>HF_ENDPOINT</c> is not an http or https URL, or the token cannot be one.</exception>
    public static HubOptions FromEnvironment() => From(Environment.GetEnvironmentVariable);

    /// <summary>Reads the variables through <paramref name="read"/>.</summary>
    internal static HubOptions From(Func<string, string?> read)
    {
        HubOptions options = new();
        string? endpoint = read("HF_ENDPOINT");
        if (!string.IsNullOrWhiteSpace(endpoint))
        {
            options = Uri.TryCreate(endpoint.Trim(), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
                ? options with { Endpoint = address }
                : throw RunFailure.BadData($"HF_ENDPOINT is '{endpoint}'; it must be a URL such as https://huggingface.co.");
        }

        if (HubToken.Find(read) is not var (token, source))
        {
            return options;
        }

        return token.All(letter => letter is > ' ' and < '\u007f')
            ? options with { Token = token, TokenSource = source }
            : throw RunFailure.BadData(
                $"{source} has no token of the hub, which is letters and digits without spaces; set it to one, or remove it.");
    }
}
