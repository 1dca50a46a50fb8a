import pytest, dagster as dg, pandas as pd, polars as pl, duckdb, pyarrow.dataset as ds, pyarrow as pa
from slipway.lake import *
from slipway.lake.errors import *
KEYS=["plain","a/b","50%","x y","é 日本","..",".h","_h","a=b","a+b","#?&","NULL","__HIVE_DEFAULT_PARTITION__","2026-01-01","a|b","a,b","q'\"q","*[x]?","\\back","~t", "new\nline","%2F","a:b","{x}", " lead", "trail ", "1", "é".encode().decode()]
def test_s(lake):
    from slipway.lake.lake import Draft
    for i,k in enumerate(KEYS):
        lake.publish(Draft(("bronze","t"),(k,{"thing":k}),pa.table({"x":[i]})),"r")
    got=sorted(d["thing"] for d,_ in lake.partitions(("bronze","t")))
    assert got==sorted(KEYS), set(got)^set(KEYS)
    l=lake.load(("bronze","t"),[(k,{"thing":k}) for k in KEYS])
    assert {k[0]:t["x"].to_pylist()[0] for k,t in l.parts}=={k:i for i,k in enumerate(KEYS)}
    for i,k in enumerate(KEYS):
        try:
            f,_=lake.scan(("bronze","t"),[(k,{"thing":k})])
            assert f.collect().rows()==[(i,k)],f.collect().rows()
        except Exception as e: print(lake.settings.uri,"SCAN",repr(k),type(e),str(e)[:200])
    try:
        f,_=lake.scan(("bronze","t"),[(k,{"thing":k}) for k in KEYS])
        print(f.collect().sort("x").rows())
    except Exception as e: print("SCAN ALL",type(e),str(e)[:200])
    assert 0
def test_missing_bucket(lake):
    s=lake.settings
    if s.s3:
        import dataclasses,time
        for n in (dict(bucket="nobucket"),dict(access_key_id="wrong"),dict(secret_access_key="wrong"),dict(endpoint="http://127.0.0.1:9"),dict(bucket="No_Bucket")):
            L=Lake(dataclasses.replace(s,s3=dataclasses.replace(s.s3,**n)))
            for f in (lambda: L.store.put("a/b",b"x"),lambda: L.store.get("a/b"),lambda: L.store.head("a/b"),lambda:list(L.store.list("a")),lambda: L.store.get_tail("a/b",10),lambda: L.store.delete("a/b")):
                t=time.time()
                try: print(n,f())
                except LakeError as e: print(n,time.time()-t,type(e),e)
                except Exception as e: print(n,"RAW",type(e),str(e)[:300])
        lake.store.put("z/e",b"")
        print(lake.store.get("z/e"),lake.store.head("z/e"))
        try: print(lake.store.get_tail("z/e",10))
        except Exception as e: print("TAIL",e)
        lake.store.put("z/e",b"123456")
        print(lake.store.get_tail("z/e",3),lake.store.get_tail("z/e",100),lake.store.get_tail("z/none",100), lake.store.get("z/none"),lake.store.head("z/none"),list(lake.store.list("nothing")),list(lake.store.list("z")))
    assert 0
