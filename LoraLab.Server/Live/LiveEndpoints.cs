using System.Runtime.CompilerServices;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Live;

/// <summary>Server-sent events of one run, for <c>curl -N</c> and scripts that cannot use the hub.</summary>
internal static class LiveEndpoints
{
    /// <summary>A comment is sent after this long without an event.</summary>
    private static readonly TimeSpan _quiet = TimeSpan.FromSeconds(15);

    public static void MapRunEvents(this RouteGroupBuilder runs) =>
        runs.MapGet("/{id}/events", Stream).Produces<string>(200, EventStream.ContentType).Produces(204)
            .WithSummary("State, progress and metrics as server-sent events; continues after Last-Event-ID");

    private static IResult Stream(
        string id,
        HttpRequest request,
        IRunStore store,
        LiveFeed feed,
        LiveReplay replay,
        TimeProvider time,
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
            : new EventStream(ReadAsync(id, afterSeq, store, feed, replay, time, lifetime.ApplicationStopping, cancellationToken));
    }

    /// <summary>The run's events until it has ended; null after every interval without one.</summary>
    private static async IAsyncEnumerable<LiveEvent?> ReadAsync(
        string id,
        long afterSeq,
        IRunStore store,
        LiveFeed feed,
        LiveReplay replay,
        TimeProvider time,
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
                    yield return live;
                }

                if (store.Find(id)?.Document.State.IsTerminal() != false)
                {
                    // Another node may have ended it, and its last events are not here yet.
                    store.CatchUp();
                    if (!subscription.Events.TryPeek(out _))
                    {
                        yield break;
                    }

                    continue;
                }

                Task<bool> next = WaitAsync(subscription, ending.Token);
                while (await Task.WhenAny(next, Task.Delay(_quiet, time, ending.Token)) != next && !ending.IsCancellationRequested)
                {
                    yield return null;
                }

                if (!await next)
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
