using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Live;
using LoraLab.Web.Api;

namespace LoraLab.Web.State;

/// <summary>The downloads of the server, with their progress.</summary>
public sealed class PullsState(LabApi api, LiveClient live)
{
    private readonly Dictionary<string, PullDocument> _pulls = [];
    private bool _listening;

    public event Action? Changed;

    /// <summary>A download has ended: models or datasets may be new.</summary>
    public event Action? Ended;

    /// <summary>The downloads, the latest first.</summary>
    public IReadOnlyList<PullDocument> Items => [.. _pulls.Values.OrderByDescending(pull => pull.Id, StringComparer.Ordinal)];

    /// <summary>Names of the datasets that can be downloaded.</summary>
    public IReadOnlyList<string> Datasets { get; private set; } = [];

    /// <summary>Loads the list, and follows it from then on.</summary>
    public async Task StartAsync()
    {
        if (!_listening)
        {
            _listening = true;
            live.Reconnected += () => _ = TryLoadAsync();
            await live.ListenAsync(LiveHub.System, OnEvent);
        }

        await LoadAsync();
    }

    /// <summary>Shows a download that was started here without waiting for its event.</summary>
    public void Put(PullDocument pull)
    {
        _pulls[pull.Id] = pull;
        Changed?.Invoke();
    }

    /// <summary>Loads the list.</summary>
    public async Task LoadAsync()
    {
        PullList list = await api.PullsAsync(CancellationToken.None);
        Datasets = list.Datasets;
        _pulls.Clear();
        foreach (PullDocument pull in list.Items)
        {
            _pulls[pull.Id] = pull;
        }

        Changed?.Invoke();
    }

    private async Task TryLoadAsync()
    {
        try
        {
            await LoadAsync();
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // The banner reports the lost connection; loaded again after the next reconnection.
        }
    }

    private void OnEvent(LiveEvent message)
    {
        if (message.Type != LiveEventTypes.PullChanged || message.Data.Deserialize<PullNotice>(ContractJson.Options) is not { } notice)
        {
            return;
        }

        if (notice.Pull is null)
        {
            _pulls.Remove(notice.Id);
        }
        else
        {
            _pulls[notice.Id] = notice.Pull;
        }

        Changed?.Invoke();
        if (notice.Pull?.State == PullState.Completed)
        {
            Ended?.Invoke();
        }
    }
}
