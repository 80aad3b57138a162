using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Live;

/// <summary>Server-sent events of one run, for <c>curl -N</c> and scripts that cannot use the hub.</summary>
internal static class LiveEndpoints
{
    public static void MapRunEvents(this RouteGroupBuilder runs) =>
        runs.MapGet("/{id}/events", Stream).WithSummary("State, progress and metrics as server-sent events; continues after Last-Event-ID");

    private static Results<ServerSentEventsResult<string>, NoContent> Stream(
        string id,
        HttpRequest request,
        IRunStore store,
        LiveFeed feed,
        LiveReplay replay,
        IHostApplicationLifetime lifetime,
        CancellationToken cancellationToken)
    {
        StoredRun run = store.Find(id) ?? throw ApiFailure.NoRun(id);
        string last = request.Headers["Last-Event-ID"].ToString();
        if (!long.TryParse(last.Length == 0 ? "0" : last, out long afterSeq) || afterSeq < 0)
        {
            throw ApiFailure.Malformed($"Last-Event-ID '{last}' is not an event number.");
        }

        // A browser's EventSource reconnects until it receives 204.
        bool over = run.Document.State.IsTerminal() && store.ReadEvents(afterSeq, id) is { Complete: true, Events.Count: 0 };
        return over
            ? TypedResults.NoContent()
            : TypedResults.ServerSentEvents(ReadAsync(id, afterSeq, store, feed, replay, lifetime.ApplicationStopping, cancellationToken));
    }

    private static async IAsyncEnumerable<SseItem<string>> ReadAsync(
        string id,
        long afterSeq,
        IRunStore store,
        LiveFeed feed,
        LiveReplay replay,
        CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A stopping server waits for open requests, and this one would not end by itself.
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        LiveSubscription subscription = feed.Open();
        try
        {
            replay.Add(subscription, [LiveHub.Run(id)], afterSeq);
            while (true)
            {
                while (subscription.Events.TryRead(out LiveEvent? live))
                {
                    yield return new SseItem<string>(JsonSerializer.Serialize(live, ContractJson.Options), live.Type)
                    {
                        EventId = live.Seq.ToString(CultureInfo.InvariantCulture),
                    };
                }

                if (store.Find(id)?.Document.State.IsTerminal() != false && !subscription.Events.TryPeek(out _))
                {
                    yield break;
                }

                if (!await WaitAsync(subscription, ending.Token))
                {
                    yield break;
                }
            }
        }
        finally
        {
            feed.Close(subscription);
        }
    }

    private static async Task<bool> WaitAsync(LiveSubscription subscription, CancellationToken cancellationToken)
    {
        try
        {
            return await subscription.Events.WaitToReadAsync(cancellationToken);
        }
        catch (Exception over) when (over is OperationCanceledException or LaggingClientException)
        {
            return false;
        }
    }
}
