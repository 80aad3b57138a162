using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>How to talk to the Hugging Face hub.</summary>
public sealed record HubOptions
{
    /// <summary>Address of the hub.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>Access token; null: none. It is sent to <see cref="Endpoint"/>'s host only.</summary>
    public string? Token { get; init; }

    /// <summary>Attempts in a row that may bring nothing before a download gives up.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Wait before the second attempt; it doubles each time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A connection that brings nothing for so long is broken.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Clock of the waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Options from the environment variables <c>HF_ENDPOINT</c> and <c>HF_TOKEN</c>.</summary>
    /// <exception cref="RunFailure"><c>HF_ENDPOINT</c> is not a web address.</exception>
    public static HubOptions FromEnvironment() => From(Environment.GetEnvironmentVariable);

    /// <summary>Options from variables that <paramref name="read"/> knows.</summary>
    internal static HubOptions From(Func<string, string?> read)
    {
        HubOptions options = new();
        string? endpoint = read("HF_ENDPOINT");
        if (!string.IsNullOrWhiteSpace(endpoint))
        {
            options = Uri.TryCreate(endpoint.Trim(), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
                ? options with { Endpoint = address }
                : throw RunFailure.BadData($"HF_ENDPOINT is '{endpoint}'; it must be an address such as https://huggingface.co.");
        }

        string? token = read("HF_TOKEN");
        return string.IsNullOrWhiteSpace(token) ? options : options with { Token = token.Trim() };
    }
}
