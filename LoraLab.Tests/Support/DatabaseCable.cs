using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace LoraLab.Tests.Support;

/// <summary>The way from a node to a PostgreSQL server, which can be cut: what is sent gets no answer, as when a network fails.</summary>
internal sealed class DatabaseCable : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly string _connection;
    private volatile bool _cut;

    public DatabaseCable(string connection)
    {
        _connection = connection;
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>The connection string through the cable.</summary>
    public string Connection => new NpgsqlConnectionStringBuilder(_connection)
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        // What hangs is noticed soon.
        Timeout = 2,
        CommandTimeout = 2,
    }.ConnectionString;

    /// <summary>Ends all connections, and answers no new one.</summary>
    public void Cut()
    {
        _cut = true;
        while (_sockets.TryTake(out Socket? socket))
        {
            socket.Dispose();
        }
    }

    public void Mend() => _cut = false;

    public void Dispose()
    {
        _listener.Stop();
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync();
                _sockets.Add(client);
                if (!_cut)
                {
                    _ = ConnectAsync(client);
                }
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private async Task ConnectAsync(Socket client)
    {
        NpgsqlConnectionStringBuilder target = new(_connection);
        bool isFolder = target.Host!.StartsWith('/');
        Socket server = isFolder
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(server);
        try
        {
            await server.ConnectAsync(isFolder
                ? new UnixDomainSocketEndPoint($"{target.Host}/.s.PGSQL.{target.Port}")
                : new DnsEndPoint(target.Host, target.Port));
            await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // Cut meanwhile.
        }

        client.Dispose();
        server.Dispose();
    }

    private static async Task PumpAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and int read)
            {
                for (int sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // Cut, or one side has closed.
        }
    }
}
