using System.Security.Cryptography;
using System.Text;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Storage;

/// <summary>Creates once per <c>Idempotency-Key</c>: the same key and body return the stored response, another body is rejected.</summary>
internal sealed class Idempotency(IRunStore store)
{
    // Shared by all kinds: of a run and a study submitted concurrently with the same key, only one is created.
    private readonly SemaphoreSlim _oneByOne = new(1, 1);

    /// <summary>Hash of a request body, as in <see cref="StoredResponse.BodyHash"/>.</summary>
    /// <param name="kind">Kind of the created resource; null: a run.</param>
    /// <param name="body">The request body.</param>
    public static string HashOf(string? kind, string body) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(kind is null ? body : $"{kind} {body}")));

    /// <summary>Creates, or returns the stored response.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">Hash of the request body: <see cref="HashOf"/>.</param>
    /// <param name="create">Creates, and stores the response in the same transaction.</param>
    /// <param name="cancellationToken">Cancels waiting for another creation.</param>
    /// <exception cref="ApiFailure">The key was used for another request.</exception>
    public async Task<(string Id, string Body, bool Replayed)> CreateAsync(
        string key, string hash, Func<Task> create, CancellationToken cancellationToken)
    {
        await _oneByOne.WaitAsync(cancellationToken);
        try
        {
            bool replayed = store.FindResponse(key) is not null || !await TryAsync(create);

            StoredResponse response = store.FindResponse(key)!;
            return response.BodyHash == hash
                ? (response.CreatedId, response.Body, replayed)
                : throw ApiFailure.Unprocessable("idempotencyKeyReused", "The Idempotency-Key was used for another request, "
                    + $"which created {response.CreatedId}; send a new key with a new request.");
        }
        finally
        {
            _oneByOne.Release();
        }
    }

    /// <summary>Whether it created; false: another node did, with the same key, at the same time.</summary>
    private static async Task<bool> TryAsync(Func<Task> create)
    {
        try
        {
            await create();
            return true;
        }
        catch (KeyTakenException)
        {
            return false;
        }
    }
}
