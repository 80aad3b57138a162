using System.Security.Cryptography;
using System.Text;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Storage;

/// <summary>Creates once for each <c>Idempotency-Key</c>: the same key and body again give the stored answer, another body is refused.</summary>
internal sealed class Idempotency(IRunStore store)
{
    // One for all kinds: a key that is sent for a run and for a study at the same time is used by one of them.
    private readonly SemaphoreSlim oneByOne = new(1, 1);

    /// <summary>Hash of what was sent for a kind of thing, as <see cref="StoredResponse.BodyHash"/> keeps it.</summary>
    /// <param name="kind">What is created; null: a run.</param>
    /// <param name="body">What was sent.</param>
    public static string HashOf(string? kind, string body) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(kind is null ? body : $"{kind} {body}")));

    /// <summary>Creates, or gives what was answered before.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">Of what was sent: <see cref="HashOf"/>.</param>
    /// <param name="create">Creates, and stores the answer in the same transaction.</param>
    /// <param name="cancellationToken">Gives up waiting for another creation.</param>
    /// <exception cref="ApiFailure">The key was used for something else.</exception>
    public async Task<(string Id, string Body, bool Replayed)> CreateAsync(string key, string hash, Func<Task> create, CancellationToken cancellationToken)
    {
        await oneByOne.WaitAsync(cancellationToken);
        try
        {
            bool replayed = store.FindResponse(key) is not null;
            if (!replayed)
            {
                await create();
            }

            StoredResponse response = store.FindResponse(key)!;
            return response.BodyHash == hash
                ? (response.CreatedId, response.Body, replayed)
                : throw ApiFailure.Unprocessable("idempotencyKeyReused", $"The Idempotency-Key was used for something else ({response.CreatedId}); send a new key with a new request.");
        }
        finally
        {
            oneByOne.Release();
        }
    }
}
