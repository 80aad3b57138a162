using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;

namespace LoraLab.Web.State;

/// <summary>The queue as last received from the server; shared by the top bar and the pages.</summary>
public sealed class QueueState(LabApi api, LiveClient live)
{
    private bool _started;

    public event Action? Changed;

    /// <summary>The queue with the first queued runs; null until the first response.</summary>
    public QueueDocument? Document { get; private set; }

    /// <summary>Why it could not be fetched; null: it could.</summary>
    public string? Failure { get; private set; }

    /// <summary>Increases whenever the queued runs may differ, not when a running one proceeds.</summary>
    public int Revision { get; private set; }

    /// <summary>The number of queued runs.</summary>
    public int QueuedCount => Document?.Total ?? 0;

    public async Task StartAsync()
    {
        if (_started)
        {
            return;
        }

        _started = true;
        live.Reconnected += () => _ = RefreshAsync();
        await live.ListenAsync(LiveHub.Queue, OnQueueChanged);
        await live.ListenAsync(LiveHub.Runs, OnRunChanged);
        await RefreshAsync();
    }

    /// <summary>Replaces the queue by a response or event, which has its first page.</summary>
    public void Update(QueueDocument document)
    {
        (Document, Failure) = (document, null);
        Revision++;
        Changed?.Invoke();
    }

    public async Task RefreshAsync()
    {
        try
        {
            Update(await api.QueueAsync(CancellationToken.None));
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // Fetched again after reconnecting, which the banner reports.
            Failure = ApiException.MessageFor(failure);
            Changed?.Invoke();
        }
    }

    private void OnQueueChanged(LiveEvent message)
    {
        if (message.Data.Deserialize<QueueDocument>(ContractJson.Options) is QueueDocument document)
        {
            Update(document);
        }
    }

    private void OnRunChanged(LiveEvent message)
    {
        if (Document is null || message.RunId is null)
        {
            return;
        }

        List<RunDocument> running = [.. Document.Running];
        int index = running.FindIndex(run => run.Id == message.RunId);
        if (index >= 0 && LiveRuns.Apply(running[index], message) is RunDocument next)
        {
            running[index] = next;
            Document = Document with { Running = running };
            Changed?.Invoke();
        }
    }
}
