using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Machine;
using LoraLab.Web.Api;

namespace LoraLab.Web.State;

/// <summary>
/// The machine's description, its samples of up to the last 15 minutes since the dashboard was opened, and the latest of each other node.
/// </summary>
public sealed class SystemState(LabApi api, LiveClient live)
{
    private const int MaxSamples = 900;
    private readonly List<TimedSample> _samples = [];
    private readonly Dictionary<string, TimedSample> _ofNodes = [];
    private bool _started;

    public event Action? Changed;

    /// <summary>Null until the first response.</summary>
    public SystemDocument? Document { get; private set; }

    /// <summary>Why it could not be fetched; null: it could.</summary>
    public string? Failure { get; private set; }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<TimedSample> Samples => _samples;

    /// <summary>The latest sample of each node, by name; empty where there is only one.</summary>
    public IReadOnlyDictionary<string, TimedSample> OfNodes => _ofNodes;

    public SystemSample? Latest => _samples.Count == 0 ? null : _samples[^1].Sample;

    public async Task StartAsync()
    {
        if (_started)
        {
            return;
        }

        _started = true;
        live.Reconnected += () => _ = RefreshAsync();
        await live.ListenAsync(LiveHub.System, OnSample);
        await RefreshAsync();
    }

    public async Task RefreshAsync()
    {
        try
        {
            (Document, Failure) = (await api.SystemAsync(CancellationToken.None), null);
            Changed?.Invoke();
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // Fetched again after reconnecting, which the banner reports.
            Failure = ApiException.MessageFor(failure);
            Changed?.Invoke();
        }
    }

    private void OnSample(LiveEvent message)
    {
        if (message.Type == LiveEventTypes.SystemSample
            && message.Data.Deserialize<SystemSample>(ContractJson.Options) is SystemSample sample)
        {
            if (sample.Node is not null)
            {
                _ofNodes[sample.Node] = new(message.At, sample);
            }

            if (sample.Node is null || sample.Node == Document?.Node)
            {
                _samples.Add(new(message.At, sample));
            }

            if (_samples.Count > MaxSamples)
            {
                _samples.RemoveRange(0, _samples.Count - MaxSamples);
            }

            Changed?.Invoke();
        }
    }
}
